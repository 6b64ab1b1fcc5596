"""Language models: their files, llama.cpp, decoding, the built-in model."""
