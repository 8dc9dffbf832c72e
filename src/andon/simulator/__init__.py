"""The simulator: seeded machines that publish telemetry, and the ledger that knows the truth.

shifts.py     plant time: stamps, shifts, operators      PURE
fleet.py      who the machines are, when each speaks     PURE
machine.py    what a machine does at each instant        PURE
device.py     what its controller says of it             PURE
poison.py     messages that nobody can read              PURE
faults.py     what goes wrong on the way                 PURE
scenarios.py  named mixtures of faults                   PURE
stream.py     machines, devices, faults -> transmissions PURE
journal.py    rows -> journal -> Parquet
ledger.py     meant and sent, written and read
recording.py  recorded messages, published in order
run.py        the loop that keeps time
"""
