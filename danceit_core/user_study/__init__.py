"""The user study (paper V-F): a page to vote on clips of each variant of the alignment, and the shares of the votes."""
