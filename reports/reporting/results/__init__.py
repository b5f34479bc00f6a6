"""What a report says, before it is put into any format."""
