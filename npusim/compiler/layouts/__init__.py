"""How tensors lie: what is turned, padded or copied where they enter, leave, or meet a reader that wants them
otherwise."""
