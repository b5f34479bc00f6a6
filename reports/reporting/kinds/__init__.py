"""What reports there are: a question in, a result out."""
