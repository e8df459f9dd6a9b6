"""CPU seconds of a process by phase: each second counts once, for the innermost phase that is running."""

import builtins
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

# What belongs to a phase, as module and a function, a class's method or a prefix of either.
_PHASES = {
    "reading": ("bikecast.storage:FolderStore.read", "bikecast.storage:FolderStore.download"),
    "writing": ("bikecast.storage:FolderStore.write", "bikecast.storage:FolderStore.upload"),
    "fitting": (
        "bikecast.families.trees.boosted_trees:BoostedTrees.fit",
        "bikecast.families.trees.forests:Forest.fit",
        "bikecast.families.additive.glm:PoissonRegression.fit",
        "bikecast.families.additive.linear:Linear.fit",
    ),
    "drawing": (
        "use_cases.citibike.training.plots:draw_model",
        "use_cases.citibike.training.plots:draw_forecasts",
    ),
    "registry": (
        "mlflow.tracking:MlflowClient.*",
        "training_job.registry.mlflow_registry:MlflowRegistry.register",
    ),
    "database": ("training_job.migrations:migrate", "training_job.tuning.study:open_study"),
}


class Phases:
    """Seconds of processor by phase, over all threads that Python knows."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running = threading.local()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what this thread does inside, but for phases inside it."""
        outer, began = getattr(self._running, "inside", None), time.thread_time()
        self._running.inside = inside = [0.0]
        try:
            yield
        finally:
            spent = time.thread_time() - began
            self._running.inside = outer
            if outer is not None:
                outer[0] += spent
            self.seconds[name] += spent - inside[0]

    def counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, counted as a phase."""

        def call(*args: Any, **kwargs: Any) -> Any:
            with self.phase(name):
                return function(*args, **kwargs)

        return call

    def count_imports(self) -> None:
        """Count imports from now on."""
        builtins.__import__ = self.counted("imports", builtins.__import__)

    def count_calls(self) -> None:
        """Count what belongs to the phases, in the modules that are imported by now."""
        import sys

        for name, places in _PHASES.items():
            for module, path in (place.split(":") for place in places):
                if module in sys.modules:
                    self._wrap(name, import_module(module), path)

    def _wrap(self, name: str, module: Any, path: str) -> None:
        *owners, last = path.split(".")
        owner = getattr(module, owners[0]) if owners else module
        names = [each for each in vars(owner) if not each.startswith("_")] if last == "*" else [last]
        for each in names:
            function = vars(owner)[each]
            if callable(function):
                self._replace(owner, each, self.counted(name, function))

    def _replace(self, owner: Any, name: str, counted: Callable[..., Any]) -> None:
        import sys

        before = vars(owner)[name]
        setattr(owner, name, counted)
        for module in list(sys.modules.values()):  # where it was imported by name
            if getattr(module, name, None) is before:
                setattr(module, name, counted)
