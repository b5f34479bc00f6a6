"""Format cells for people, with the labels around them and safe display of any text."""
