"""The environments of a company, each with its addresses; one place, in code, reviewed like code.

An environment is a whole set of stacks of its own: data, database, models, API, alarms. Any number of them
are side by side in one account and region, or each is in an account of its own.
"""

from dataclasses import dataclass

from bikecast.names import DEFAULT_ENVIRONMENT, DEFAULT_USE_CASE


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment's answers; the command line may give others for one deployment.

    Attributes:
        name: One word, the prefix of its stacks; the default environment's stacks have none.
        notify: Mail addresses and https addresses (webhooks) that hear of alarms and events.
        domain: Domain of the API of the default use case; another use case has its name before it.
        certificate_arn: Certificate for the domain in ACM, of the same region; with several use cases it
            has to cover ``*.domain``, too.
        traces: Address of a collector, to which functions and steps export their spans by OTLP over HTTP;
            ``None`` exports nothing.
    """

    name: str = DEFAULT_ENVIRONMENT
    notify: tuple[str, ...] = ()
    domain: str | None = None
    certificate_arn: str | None = None
    traces: str | None = None

    def domain_of(self, use_case: str) -> str | None:
        """Return the domain of a use case's API, or ``None`` where API Gateway's own name is used."""
        if self.domain is None or use_case == DEFAULT_USE_CASE:
            return self.domain
        return f"{use_case.replace('_', '-')}.{self.domain}"


DEFAULT = Environment()
# Yours go here. A name that is not listed is an environment without addresses.
ENVIRONMENTS = (DEFAULT, Environment(name="dev"), Environment(name="staging"), Environment(name="prod"))
BY_NAME = {environment.name: environment for environment in ENVIRONMENTS}
