"""Evidence on a canary's ticks that may be looked at after every one of them: its error rate holds all the same.

Arrays are (releases, ticks): the live canary hands over one release and one tick at a time, a replay whole logs, a
simulation thousands of releases; the formulas are the same.
"""
