"""How texts are misread: what was counted on real engines' pages, and noise that is drawn from it. Pure."""
