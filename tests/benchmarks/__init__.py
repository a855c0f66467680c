"""The comparison itself is tested: it must refuse what is wrong, and measure what it says."""
