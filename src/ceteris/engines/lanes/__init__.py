"""The CPU engine: sixteen replicas in the SIMD lanes of one core."""
