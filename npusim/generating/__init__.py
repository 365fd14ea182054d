"""Language models: how long to the first token, how many a second after it, where a token's time goes, does it fit."""
