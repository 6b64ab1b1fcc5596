"""Is this model any good here? Measure it on misread text or on scans with their truth, and keep the verdict.

``record`` is light, and all that the supervisor and the engine process need of this.
"""
