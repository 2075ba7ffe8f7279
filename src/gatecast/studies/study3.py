"""Study 3: one variable, continued on the model's own output. Knows what the study does and says.

As published: (a) a perceptron of time on 11 games' minutes; (b) 100 sine waves, two stacked LSTM cells, L-BFGS with
rate 0.08 and a closure; (c) a network that builds itself from the shape of the data; (d) 100 imagined seasons; and
then several variables. Put right: the validation of (a) has the true targets, the weights whose free runs err least
are kept without anybody looking, and (d) is scaled and is given changes, so that a line goes on as a line.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gatecast.closed_loop import ClosedLoop
from gatecast.language import Text
from gatecast.runtime import stream
from gatecast.studies import imagined, mistakes, study3_words
from gatecast.studies.imagined import Imagined
from gatecast.studies.looped import Looped, looped
from gatecast.studies.perceptron import Fit, fit_minutes
from gatecast.studies.result import OnProgress, StudyResult
from gatecast.studies.tally import Tally

CELLS = (51, 51)
EPOCHS, STEPS, STEPS_OF_SEASONS, STEPS_OF_TWO = 5000, 8, 10, 6
_QUICK = {"epochs": 300, "series": 23, "points": 150, "steps": 3}


def run(*, seed: int = 0, quick: bool = False, on_progress: OnProgress | None = None) -> StudyResult:
    """All of it: about four minutes on two cores. quick: fewer and shorter series, fewer steps; seconds."""
    steps = [_QUICK["steps"] if quick else number for number in (STEPS, STEPS, STEPS_OF_SEASONS, STEPS_OF_TWO)]
    of_waves, of_shape, of_seasons, of_two = steps
    tally = Tally(1 + of_waves + of_shape + 3 * of_seasons + of_two, on_progress)
    fit = perceptron(seed=seed, quick=quick, tally=tally)
    waved = waves(of_waves, seed=seed, quick=quick, tally=tally)
    shaped, width = any_shape(of_shape, seed=seed, quick=quick, tally=tally)
    raw = seasons(of_seasons, scaling=False, seed=seed, tally=tally)
    scaled = seasons(of_seasons, seed=seed, tally=tally)
    changes = season_changes(of_seasons, seed=seed, tally=tally)
    two = two_variables(of_two, seed=seed, quick=quick, tally=tally)
    return StudyResult(
        3,
        Text("Sine waves and seasons, continued on the model's own output", "正弦波与赛季：闭环续写"),
        (
            study3_words.of_perceptron(fit),
            *study3_words.of_waves(waved),
            study3_words.of_shape(shaped, width),
            study3_words.of_seasons(raw, scaled, changes),
            study3_words.of_two_variables(two),
            mistakes.of_study(3),
        ),
    )


def perceptron(*, seed: int = 0, quick: bool = False, tally: Tally | None = None) -> Fit:
    """(a) Nine games of eleven train the perceptron of time."""
    draws, tally = stream(seed, "study 3a"), tally or Tally(0, None)
    tally.begin(Text("a perceptron of time", "时间感知机"))
    games, minutes = imagined.minutes(draws)
    held_out = np.sort(draws.permutation(len(games))[:2])
    fit = fit_minutes(games, minutes, held_out, _QUICK["epochs"] if quick else EPOCHS, seed)
    tally.step()
    return fit


def waves(steps: int = STEPS, *, seed: int = 0, quick: bool = False, tally: Tally | None = None) -> Looped:
    """(b) 97 waves train, 3 are continued for as long as they were given."""
    tally = tally or Tally(0, None)
    tally.begin(Text("sine waves", "正弦波"))
    draws = stream(seed, "study 3b")
    data = imagined.sines(draws, _QUICK["series"], _QUICK["points"]) if quick else imagined.sines(draws)
    model = ClosedLoop(hidden=CELLS, steps=steps, scaling=False, held_out=3, seed=seed)
    return looped(model, data, tally)


def any_shape(
    steps: int = STEPS, *, seed: int = 0, quick: bool = False, tally: Tally | None = None
) -> tuple[Looped, int]:
    """(c) Any number of waves of any length and width; the twentieth part is held out. And the width."""
    tally = tally or Tally(0, None)
    tally.begin(Text("waves of any shape", "任意形状的波"))
    data, width = imagined.any_shape(stream(seed, "study 3c"), quick=quick)
    return looped(ClosedLoop(hidden=CELLS, steps=steps, held_out=0.05, seed=seed), data, tally), width


def seasons(
    steps: int = STEPS_OF_SEASONS, *, scaling: bool = True, seed: int = 0, tally: Tally | None = None
) -> Looped:
    """(d) 95 seasons train, 5 are continued by eleven games. scaling: False as the study has it."""
    tally = tally or Tally(0, None)
    tally.begin(Text("seasons", "赛季"))
    model = ClosedLoop(hidden=CELLS, steps=steps, scaling=scaling, held_out=5, seed=seed)
    return looped(model, imagined.seasons(stream(seed, "study 3d")), tally)


def season_changes(steps: int = STEPS_OF_SEASONS, *, seed: int = 0, tally: Tally | None = None) -> Looped:
    """(d) put right: the network is given the change from game to game. What it continues is added up again."""
    tally = tally or Tally(0, None)
    tally.begin(Text("seasons, as changes", "赛季（变化量）"))
    whole = imagined.seasons(stream(seed, "study 3d"))
    changes = Imagined(np.diff(whole.values, axis=1).round(9), whole.given - 1)  # each is 1.6, but for rounding
    model = ClosedLoop(hidden=CELLS, steps=steps, held_out=5, seed=seed)
    found = looped(model, changes, tally)
    truth = whole.values[found.held_out][:, :, None]
    curves = truth[:, whole.given - 1 : whole.given] + np.cumsum(found.curves, axis=2)
    errors = np.sqrt(np.mean((curves - truth[:, whole.given :]) ** 2, axis=(1, 2, 3)))
    return replace(found, beyond=tuple(errors.tolist()), curves=curves, truth=truth, given=whole.given)


def two_variables(
    steps: int = STEPS_OF_TWO, *, seed: int = 0, quick: bool = False, tally: Tally | None = None
) -> Looped:
    """And then: several variables, each forecast from the past of all."""
    tally = tally or Tally(0, None)
    tally.begin(Text("two variables", "两个变量"))
    draws = stream(seed, "study 3e")
    data = imagined.two_variables(draws, _QUICK["series"], _QUICK["points"]) if quick else imagined.two_variables(draws)
    return looped(ClosedLoop(hidden=CELLS, steps=steps, held_out=3, seed=seed), data, tally)
