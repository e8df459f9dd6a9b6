"""Which environment a construct is in, and the names of its events and metrics, which an account shares."""

from constructs import Construct, IConstruct

from bikecast.names import DEFAULT_ENVIRONMENT, event_source, metric_namespace

CONTEXT_KEY = "env"


def name_environment(stack: Construct, name: str) -> None:
    """Tell everything inside a stack its environment; before anything is inside."""
    stack.node.set_context(CONTEXT_KEY, name)


def environment_name(scope: IConstruct) -> str:
    """Return the name of the environment that a construct stands in."""
    return str(scope.node.try_get_context(CONTEXT_KEY) or DEFAULT_ENVIRONMENT)


def event_source_of(scope: IConstruct) -> str:
    """Return the source of the events that a construct sends or hears."""
    return event_source(environment_name(scope))


def metric_namespace_of(scope: IConstruct) -> str:
    """Return where the metrics of a construct's environment are."""
    return metric_namespace(environment_name(scope))
