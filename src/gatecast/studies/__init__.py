"""The five studies from which newcomers learn LSTM forecasting, carried out with their mistakes put right.

Each `studyN.run(seed=0, quick=False, on_progress=None)` gives a `StudyResult`; `gatecast study N` prints it. Knows no
terminal and no page.
"""
