"""The canary: what is released, who gets how much, and what the evidence says, joined."""
