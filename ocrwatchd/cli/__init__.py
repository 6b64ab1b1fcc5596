"""The command line: the parser, and one module or folder a verb."""
