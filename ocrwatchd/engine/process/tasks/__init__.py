"""Follow-up tasks: questions to the model about a corrected document, each with its answer in a file of its own.

Engine side. An answer is only the model's word: it never becomes part of the text and is marked as machine-made. A
fault of a task costs only its own file.
"""
