"""What is made of gradients, window by window.

- `integrated`: Integrated Gradients, which sum to a difference; `contrast`: why A and not B, in three readings
- `smoothing`: means over noisy inputs, and blurs
- `grad_cam`: where a layer holds what raises a value; `against`: one such map against another
"""
