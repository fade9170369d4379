"""How things look on the wire: one function for each noun, shared by info types and subscriptions.

Shapes turn rows and state into dicts in the exchange's own key order. No rule, no rounding that
matters to money, no choice of rows: those are `sim`'s and the callers'.
"""
