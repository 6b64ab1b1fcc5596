"""How the built-in model is made: data, training, export, evaluation. Not part of the wheel; see README.md."""
