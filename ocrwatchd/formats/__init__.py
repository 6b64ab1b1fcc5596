"""Write a finished document, one module a format."""
