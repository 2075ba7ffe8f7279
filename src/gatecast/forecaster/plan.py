"""The plan of a fit: context, patch, sizes and training, decided from the data's shape before anything is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gatecast.forecaster.analogues import MOST_LEARNT
from gatecast.forecaster.autoregression import seasons_fitted
from gatecast.forecaster.pretrained import seasons_told
from gatecast.forecaster.reasons import reasons_of
from gatecast.models.network import NetworkConfig, network_class
from gatecast.training.config import TrainingConfig, with_wishes
from gatecast.training.split import least_context

if TYPE_CHECKING:
    from gatecast.language import Text
    from gatecast.panel import Panel
    from gatecast.training.history import History
    from gatecast.training.split import Split

_SMALLEST_PATCH, _LARGEST_PATCH = 6, 24
_LONGEST_UNPATCHED = 64
_PATCHES = 32  # about so many where a long context has no season to be cut by
_FINISH, _LONGER = 1 / 3, 1.5
_LARGE = 50_000  # rows; from here on a larger network, which reads more seasons, and is held back by dropout
_HUGE = 200_000  # rows; the largest network
_DROPOUT, _HEAD_DROPOUT = 0.3, 0.2
_DECAY = 0.3
_RECENCY = 1.0  # where many whole seasons are read: habits change; without a season all of the past is as good
_INNER = (20, 40, 60)  # intervals that only training hears of
_LONGEST_INNER = 100  # steps ahead; with more of them, ETTh1 was no better for it (docs/LOG.md)
_LONGEST_RIDGE = 512  # values that the linear base reads
_RIDGE_APART, _RIDGE_WINDOWS = 4, 20  # windows that do not overlap, a series; windows a value that it reads
_FINER = 2  # times smaller are the patches of members that read closely
_FEWEST_SEASONS, _LONGEST_CYCLE = 4, 96  # that a network which reads seasons whole must see; steps of such a season
_SMOOTHING = 1.25  # times as long takes a step with exponential smoothing
_PATIENT = 40  # rounds; who gives a budget wants it used
_USUAL_PERIODS = (7, 12, 24, 52)  # days, months, hours, weeks: for rows of which nobody said how long a step is
_MOST_COMPARED = 1_000_000_000  # pairs of windows, which take some seconds
SMALL = 2000  # rows; below it a smaller network, and three of them, since one scatters
_STRIDE = 2  # where many windows are read in patches: half of the work of heads and losses (docs/LOG.md)
_SEVERAL, _MANY = 5, 7  # members that a budget may buy; large networks scatter more
_QUICK_BATCH, _QUICK_PATIENCE = 32, 4  # for few rows: their validation says early that nothing more is to be learnt
_LEAST_STEPS = 25  # that teach a network anything
_FEWEST_STEPS, _ROWS_A_STEP = 100, 5


@dataclass(frozen=True)
class Wishes:
    """What the user asked for; None leaves a thing to the plan. The fields of `gatecast.Forecaster`."""

    horizon: int
    model: str = "auto"
    context: int | None = None
    levels: tuple[int | float, ...] = (80, 95)
    steps: int | None = None
    members: int | None = None
    budget: float | None = None
    training: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    distribution: str = "auto"


@dataclass(frozen=True)
class Plan:
    """What will be trained, and how.

    network: the first member. others: those after it, in turn with it; () = all are as the first. members: networks in
    the ensemble. scouts: how many train on the past of held-out rows first, to find out how long to train and how far
    to trust. finish: the scouts' steps on all rows after that, as a share of the steps before; where there are more
    members than scouts, these begin anew. more: whether others may follow while the budget has time. analogues:
    whether similar windows of the past may have a say. autoregression, pretrained: the seasons that each window's own
    autoregression, and the pretrained network, are told of; None = no say. reasons: the decisions in words, for the
    report.
    """

    network: NetworkConfig
    training: TrainingConfig
    members: int
    scouts: int
    finish: float
    budget: float | None
    reasons: tuple[Text, ...]
    others: tuple[NetworkConfig, ...] = ()
    more: bool = False
    analogues: bool = False
    autoregression: tuple[int, ...] | None = None
    pretrained: tuple[int, int] | None = None

    @property
    def kinds(self) -> tuple[NetworkConfig, ...]:
        """Of networks, each once, in their turn."""
        return self.network, *self.others

    def config_of(self, member: int) -> NetworkConfig:
        """What this member is, counted from 0."""
        return self.kinds[member % len(self.kinds)]

    def cost_of(self, member: int) -> float:
        """What a step of this member takes beside one of the first, about: as many times as it has more positions."""
        config, first = self.config_of(member), self.network
        smoothing = _SMOOTHING if config.model != first.model and network_class(config.model).multiplicative else 1.0
        return smoothing * (config.context // config.patch) / (first.context // first.patch)

    @property
    def anew(self) -> bool:
        """Whether the members begin anew on all rows, instead of going on from what the scouts learnt."""
        return self.members > self.scouts

    @property
    def after(self) -> float:
        """The steps of each member after the scouts', as a share of theirs; at most, where they begin anew."""
        return _LONGER if self.anew else self.finish

    @property
    def trainings(self) -> float:
        """How many times the work of the first training is done in all."""
        return self.scouts + self.after * sum(self.cost_of(member) for member in range(self.members))

    @property
    def least_steps(self) -> int:
        """Of a training; a network that took fewer has no say in the forecast."""
        return min(self.training.round, _LEAST_STEPS)

    def too_short(self, history: History) -> bool:
        """Whether a training ended before it could teach anything."""
        return 0 < history.steps < self.least_steps

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers and text, for the record."""
        return {
            "network": self.network.to_dict(),
            "others": [other.to_dict() for other in self.others],
            "training": asdict(self.training),
            "members": self.members,
            "scouts": self.scouts,
            "finish": self.finish,
            "budget": self.budget,
            "more": self.more,
            "analogues": self.analogues,
            "autoregression": self.autoregression,
            "pretrained": self.pretrained,
            "reasons": [reason.english for reason in self.reasons],
        }


def make_plan(panel: Panel, split: Split, seasons: tuple[int, ...], wishes: Wishes) -> Plan:
    """Decide everything that the user left open."""
    rows = len(panel.time)
    model = "lstm" if wishes.model == "auto" else wishes.model
    kind = network_class(model)
    context, patch = _context(split, seasons, rows, wishes)
    patch = patch if kind.patched else 1
    if kind.cyclic and (cycle := _whole_seasons(context, seasons)) and (wishes.context is None or cycle[0] == context):
        context, patch = cycle
    distribution = kind.distributions[0] if wishes.distribution == "auto" else wishes.distribution
    unknown_step = panel.frequency.unit == "row" and not seasons
    network = NetworkConfig(
        model=model,
        options=_options(rows, wishes),
        horizon=wishes.horizon,
        context=context,
        patch=patch,
        seasons=tuple(season for season in seasons if season <= context),
        lags=tuple(lag for lag in _USUAL_PERIODS if 2 * lag <= context) if unknown_step else (),
        levels=wishes.levels,
        past=len(panel.past),
        future=len(panel.future),
        distribution=distribution,
        ridge=_ridge(split, context, wishes.horizon),
        head_dropout=_HEAD_DROPOUT if rows >= _LARGE else 0.0,
        inner=_inner(rows, wishes.horizon) if distribution == "quantile" else (),
        stride=_STRIDE if rows >= SMALL and patch > 1 else 1,
    )
    training = _training(wishes, rows, cyclic=_whole_seasons(context, network.seasons) is not None)
    members = wishes.members or _members(rows, network, wishes.budget)
    scouts = 1 if rows >= _LARGE else members
    more = wishes.budget is not None and wishes.members is None and members > scouts
    others = _others(network, wishes)[: None if more else members - 1] if members > scouts else ()
    plan = Plan(
        network,
        training,
        members,
        scouts,
        _FINISH,
        wishes.budget,
        (),
        others,
        more,
        _analogues(panel, wishes),
        _autoregression(seasons, wishes),
        _pretrained(rows, seasons, wishes),
    )
    return replace(plan, reasons=reasons_of(panel, plan))


def with_members(plan: Plan, panel: Panel, members: int) -> Plan:
    """The plan as a budget or Ctrl-C left it: with so many members, and the reasons that hold for them."""
    scouts, others = min(plan.scouts, members), plan.others[: members - 1]
    plan = replace(plan, members=members, scouts=scouts, others=others, more=False)
    return replace(plan, reasons=reasons_of(panel, plan))


def _options(rows: int, wishes: Wishes) -> dict[str, Any]:
    """Sizes of the backbone: as wished, else from the number of rows."""
    hidden = 32 if rows < SMALL else 64 if rows < _HUGE else 128
    chosen: dict[str, Any] = {"hidden": hidden, "layers": 1 if rows < SMALL else 2}
    if rows >= _LARGE:
        chosen["dropout"] = _DROPOUT
    if isinstance(wishes.network.get("hidden"), list | tuple):
        del chosen["layers"]  # a width a layer says how many
    return {**chosen, **wishes.network}


def _inner(rows: int, horizon: int) -> tuple[int, ...]:
    """Further levels to learn, where they were found to help: many rows and a horizon that is not long."""
    return _INNER if rows >= SMALL and horizon <= _LONGEST_INNER else ()


def _analogues(panel: Panel, wishes: Wishes) -> bool:
    """Whether there is enough to search, and not too much: a small table's windows seldom return."""
    rows, searched = len(panel.time), max(len(panel), MOST_LEARNT)
    return _advised(wishes) and rows >= SMALL and searched * rows <= _MOST_COMPARED


def _autoregression(seasons: tuple[int, ...], wishes: Wishes) -> tuple[int, ...] | None:
    """What each window's own autoregression is told of, where it may have a say."""
    return seasons_fitted(seasons) if _advised(wishes) else None


def _pretrained(rows: int, seasons: tuple[int, ...], wishes: Wishes) -> tuple[int, int] | None:
    """What the pretrained network is told of, where it may have a say: a large table teaches more than it knows."""
    return seasons_told(seasons) if _advised(wishes) and rows < _LARGE else None


def _advised(wishes: Wishes) -> bool:
    """Whether all that Gatecast has may forecast, beside the networks too."""
    plain = wishes.model == "auto" and wishes.distribution in ("auto", "quantile")
    return plain and wishes.horizon <= _LONGEST_INNER


def _ridge(split: Split, context: int, horizon: int) -> int:
    """How many values the linear base reads: all of the context, where long series make its fit a sound one; else 0.

    Fitted on few independent windows it looks better in training than it is, and the network trusts it too much.
    """
    length = min(context, _LONGEST_RIDGE)
    apart = (np.median(split.train) - horizon) / length
    enough = apart >= _RIDGE_APART and len(split.training()) >= _RIDGE_WINDOWS * length
    return length if enough else 0


def _members(rows: int, network: NetworkConfig, budget: float | None) -> int:
    """From the data's size and the budget, never from the clock: a plan can be repeated."""
    if budget is None:
        return 3 if rows < SMALL else 1
    # seconds in which one member learns most of what it can: several that stopped short are no better than one
    work = network.context / network.patch * (1 + network.horizon / 100 / network.stride) / 30
    needed = 5 + 26 * min(1.0, rows / 300_000) * max(1.0, work) ** 0.4  # where a step costs more, fewer are needed
    return int(np.clip(budget / needed, 1, _MANY if rows >= _HUGE else _SEVERAL))


def _context(split: Split, seasons: tuple[int, ...], rows: int, wishes: Wishes) -> tuple[int, int]:
    """How many past steps the network reads, and how many of them at once."""
    horizon = wishes.horizon
    if wishes.context is not None:
        context = wishes.context
    else:
        if rows >= _LARGE:
            share, wanted = 1.0, max(horizon, 4 * seasons[-1], 14 * seasons[0]) if seasons else 16 * horizon
        else:
            share, wanted = 0.6, max(2 * horizon, 2 * seasons[-1]) if seasons else 16 * horizon
        wanted = max(16, wanted)
        longest = int(split.train.max()) - horizon
        context = max(least_context(horizon), min(wanted, int(share * longest)))
    patch = _patch(context, seasons, horizon)
    if wishes.context is None:
        return context - context % patch, patch
    return context, max(p for p in range(1, patch + 1) if context % p == 0)


def _others(network: NetworkConfig, wishes: Wishes) -> tuple[NetworkConfig, ...]:
    """The kinds of members after the first: networks that err differently are better together than alike ones."""
    plain = wishes.model == "auto" and "projection" not in network.options  # the other models have none
    others = _cyclic(network, wishes) if plain else []
    if not others and wishes.context is None and network.patch >= _FINER and (close := _close(network)):
        others.append(close)
    if plain:
        others.append(replace(network, model="es-lstm"))
    return tuple(others)


def _cyclic(network: NetworkConfig, wishes: Wishes) -> list[NetworkConfig]:
    """By the season's phases: half of the past, which is cheaper, then all; none where the season is too long."""
    found = []
    for share in (2, 1) if wishes.context is None else (1,):
        cycle = _whole_seasons(network.context // share, network.seasons)
        if cycle and cycle[0] >= max(*network.seasons, *network.lags, 1) and wishes.context in (None, cycle[0]):
            context, patch = cycle
            ridge = min(network.ridge, context)
            found.append(replace(network, model="cycle-lstm", context=context, patch=patch, ridge=ridge))
    return found


def _whole_seasons(context: int, seasons: tuple[int, ...]) -> tuple[int, int] | None:
    """A context of whole seasons, of the shortest, and patches of one or more; None where they are too few or too long.

    Each phase has weights of its own: those of a year of days would be too many.
    """
    if not seasons or seasons[0] > _LONGEST_CYCLE or context < _FEWEST_SEASONS * seasons[0]:
        return None
    patch = seasons[0] * -(-context // (seasons[0] * _LONGEST_UNPATCHED))
    return context - context % patch, patch


def _close(network: NetworkConfig) -> NetworkConfig | None:
    """Half of the past in patches of half the size; None where that is less than a season."""
    patch = network.patch // _FINER
    context = network.context // 2
    context -= context % patch
    if context < max(*network.seasons, *network.lags, 1):
        return None
    return replace(network, context=context, patch=patch, ridge=min(network.ridge, context))


def _patch(context: int, seasons: tuple[int, ...], horizon: int) -> int:
    """Steps read at once: a season or an even part of it, else a horizon; 1 where the context is short.

    Long contexts learn better and faster in few large patches than in many small ones (docs/LOG.md).
    """
    parts = [p for p in range(_SMALLEST_PATCH, _LARGEST_PATCH + 1) if seasons and seasons[0] % p == 0]
    if parts and context >= 4 * parts[-1] and (parts[-1] >= _LARGEST_PATCH // 2 or context > _LONGEST_UNPATCHED):
        return parts[-1] * -(-context // (parts[-1] * _LONGEST_UNPATCHED))
    if context <= _LONGEST_UNPATCHED:
        return 1
    return min(max(horizon, context // _PATCHES), context // 8)


def _training(wishes: Wishes, rows: int, *, cyclic: bool) -> TrainingConfig:
    usual = TrainingConfig()
    if rows >= _LARGE:
        recency = _RECENCY if cyclic else 0.0
        usual = TrainingConfig(recency=recency, steps=3000, round=50, patience=12, l2=_DECAY)
    elif rows < SMALL:
        batch = usual.batch if wishes.training.get("optimiser") == "lbfgs" else _QUICK_BATCH  # it sees one batch alone
        usual = TrainingConfig(steps=max(_FEWEST_STEPS, rows // _ROWS_A_STEP), batch=batch, patience=_QUICK_PATIENCE)
    config = with_wishes(usual, wishes.training)
    patience = wishes.training.get("patience")
    if wishes.steps is not None:
        return replace(config, steps=wishes.steps, patience=patience or 0)
    if wishes.budget is not None:
        return replace(config, steps=np.iinfo(np.int32).max, patience=_PATIENT if patience is None else patience)
    return config
