"""What happens where the GPU's memory does not hold the model; there need not be a GPU for that."""

import pytest

from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.llm.gpu_layers import placed


class Machine:
    """A GPU with room for so many layers, and a model of so many."""

    def __init__(self, room, layers=29, sound=True):
        self.room, self.layers, self.sound, self.tried = room, layers, sound, []

    def load(self, layers):
        """Fail as llama.cpp does: without saying why."""
        self.tried.append(layers)
        if min(layers, self.layers) > self.room or not self.sound:
            raise ModelUnavailable("llama.cpp cannot load this model")

    def count(self):
        """How many layers there are; the CPU has room for all."""
        self.load(0)
        return self.layers


@pytest.mark.parametrize(
    ("asked", "room", "placed_there"),
    [(1 << 30, 29, 1 << 30), (1 << 30, 28, 21), (1 << 30, 15, 14), (1 << 30, 7, 7), (1 << 30, 3, 0), (10, 5, 5)],
)
def test_a_full_gpu_gets_fewer_layers(asked, room, placed_there):
    """All, then three quarters, a half, a quarter of what was asked for, and in the end the CPU alone."""
    machine = Machine(room)
    assert placed(asked, machine.load, machine.count) == placed_there
    assert machine.tried[-1] == placed_there


def test_without_a_gpu_nothing_is_tried_twice():
    """A model that fails on the CPU fails at once."""
    machine = Machine(0, sound=False)
    with pytest.raises(ModelUnavailable):
        placed(0, machine.load, machine.count)
    assert machine.tried == [0]


def test_a_damaged_model_is_not_taken_for_a_full_gpu():
    """The CPU is asked once, and its complaint is the one that is told."""
    machine = Machine(100, sound=False)
    with pytest.raises(ModelUnavailable, match="cannot load"):
        placed(1 << 30, machine.load, machine.count)
    assert machine.tried == [1 << 30, 0]
