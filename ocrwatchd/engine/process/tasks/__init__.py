"""Follow-up tasks: what else the model may say about a document once its text is corrected, each in its own file.

Engine side. What a task says is the model's word and nobody's proof: it never becomes a part of the text, it is marked
as machine-made, and whatever goes wrong with it costs that one file.
"""
