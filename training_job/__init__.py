import os

# Workers run side by side on few cores: one thread each, or they wait for one another. Libraries read this
# when they are first imported, which is after this line.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
