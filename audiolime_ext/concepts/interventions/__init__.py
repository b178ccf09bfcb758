"""What happens without a concept's sound, and with it elsewhere.

- `removing`: one class, beside patches as loud; `intervening`: all concepts, all classes
- `deciding`, `taking_out`: decisions that hang on a concept, one patch at a time and all at once
"""
