"""userOutcome: tokens of outcomes made of quote tokens, and back; then activateOutcomeDeployer and
outcomeDeploy, which nobody here stakes enough for.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from ...matching.dataclass import dataclass
from .. import outcomes
from ..errors import ActionError, ActionReject
from ..fixed import TEN, Sz, parse_decimal
from ..replies import Done, Response
from .deploys import variant_of
from .orders import U32
from .registry import action
from .validators import Given

if TYPE_CHECKING:
    from ..call import Acting
    from ..exchange import Exchange


@dataclass(frozen=True, slots=True)
class SplitOutcome:
    outcome: U32
    amount: Sz

    def run(self, ex: Exchange, acting: Acting) -> None:
        outcomes.split(ex, acting, self.outcome, self.amount)


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """Without an amount: as much as there is. Documented: signed as nil (exchange 5.1)."""

    outcome: U32
    amount: Sz | None = None

    def run(self, ex: Exchange, acting: Acting) -> None:
        outcomes.merge(ex, acting, self.outcome, self.amount)


@dataclass(frozen=True, slots=True)
class MergeQuestion:
    question: U32
    amount: Sz | None = None

    def run(self, ex: Exchange, acting: Acting) -> None:
        outcomes.merge_question(ex, acting, self.question, self.amount)


@dataclass(frozen=True, slots=True)
class NegateOutcome:
    question: U32
    outcome: U32
    amount: Sz

    def run(self, ex: Exchange, acting: Acting) -> None:
        outcomes.negate(ex, acting, self.question, self.outcome, self.amount)


_VARIANT = {"variant": True, "omit": True}


@action("userOutcome")
@dataclass(frozen=True, slots=True, kw_only=True)
class UserOutcome:
    """A tagged union: exactly one of the fields is there."""

    split_outcome: SplitOutcome | None = field(default=None, metadata=_VARIANT)
    merge_outcome: MergeOutcome | None = field(default=None, metadata=_VARIANT)
    merge_question: MergeQuestion | None = field(default=None, metadata=_VARIANT)
    negate_outcome: NegateOutcome | None = field(default=None, metadata=_VARIANT)

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        variant_of(self).run(ex, acting)
        return Done()


# -- deployers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Venue:
    venue_name: str


@action("activateOutcomeDeployer")
@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateOutcomeDeployer:
    """Documented: a tagged union; older clients send `isDeactivate` (exchange 5.2). Observed: both
    texts, of strangers' attempts. Assumed: what is staked here is never enough.
    """

    activate: Venue | None = field(default=None, metadata=_VARIANT)
    deactivate: Given = field(default=Given(False), metadata=_VARIANT)

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        if self.activate is not None:
            raise ActionError(ActionReject.STAKE_SHORT)
        raise ActionError(ActionReject.NOT_OUTCOME_DEPLOYER)


@dataclass(frozen=True, slots=True)
class Template:
    """An outcome as a template makes it of words."""

    id: str
    keyword_to_value: tuple[tuple[str, str], ...]
    deployer_fee_scale: str | None = field(default=None, metadata={"omit": True})


@dataclass(frozen=True, slots=True)
class TemplateQuestion:
    question_template_instance: Template
    named_outcome_template_instances: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class TemplateNamed:
    question: U32
    named_outcome_template_instance: Template


@dataclass(frozen=True, slots=True)
class Settlement:
    outcome: U32
    settle_fraction: str
    details: str
    name_and_description: tuple[str, str]
    side_names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class SettleQuestion2:
    question: U32
    outcome_settlements: tuple[Settlement, ...]
    name_and_description: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOperation:
    register_standalone_outcome_from_template: Template | None = field(
        default=None, metadata=_VARIANT
    )
    register_question_from_template: TemplateQuestion | None = field(
        default=None, metadata=_VARIANT
    )
    register_and_associate_named_outcome_from_template: TemplateNamed | None = field(
        default=None, metadata=_VARIANT
    )
    settle_outcome: Settlement | None = field(default=None, metadata=_VARIANT)
    settle_question2: SettleQuestion2 | None = field(default=None, metadata=_VARIANT)

    @property
    def fee_scale(self) -> str | None:
        """What the deployer asks for, where it asks."""
        standalone = self.register_standalone_outcome_from_template
        question = self.register_question_from_template
        template = standalone or (question and question.question_template_instance)
        return template.deployer_fee_scale if template else None


_SCALE_DECIMALS = 8


def _is_fee_scale(text: str) -> bool:
    """True for what a deployer may ask for. Documented: 0 to 10 (exchange 7.6). Assumed: nothing
    that is no number, or has more than eight places.
    """
    try:
        return 0 <= parse_decimal(text, _SCALE_DECIMALS) <= 10 * TEN[_SCALE_DECIMALS]
    except ValueError:
        return False


@action("outcomeDeploy")
@dataclass(frozen=True, slots=True)
class OutcomeDeploy:
    """Documented: the text of a fee scale (exchange 7.6). Observed: that of a stranger's attempt.
    Assumed: in this order.
    """

    venue: str
    operation: DeployOperation

    def apply(self, ex: Exchange, acting: Acting) -> Response:
        scale = self.operation.fee_scale
        if scale is not None and not _is_fee_scale(scale):
            raise ActionError(ActionReject.DEPLOYER_SCALE)
        raise ActionError(ActionReject.NOT_OUTCOME_DEPLOYER)
