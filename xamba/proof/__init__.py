"""Do two models give the same answer?"""
