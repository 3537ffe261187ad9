"""One of a few values, in one line: its label, and the value between marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

T = TypeVar("T")


class Choice(Widget, Generic[T], can_focus=True):
    """`options` are pairs of a value and its words. Posts `Choice.Changed`."""

    DEFAULT_CSS = """
    Choice {
        width: auto;
        height: 1;
        & > .choice--label { color: $text-muted; }
        & > .choice--value { color: $foreground; }
        &:hover > .choice--value { background: $block-hover-background; }
        &:focus > .choice--value {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
        &:nocolor:focus > .choice--value { text-style: reverse; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"choice--label", "choice--value"}
    BINDING_GROUP_TITLE = "Choice"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "right,space",
            "step(1)",
            "Next value",
            id="choice.next",
            tooltip="Take the next value",
        ),
        Binding(
            "left",
            "step(-1)",
            "Previous value",
            id="choice.previous",
            tooltip="Take the previous value",
        ),
    ]

    index = reactive(0, layout=True)

    @dataclass
    class Changed(Message):
        choice: Choice[object]

        @property
        def control(self) -> Choice[object]:
            return self.choice

    def __init__(
        self,
        label: str,
        options: tuple[tuple[T, str], ...],
        *,
        id: str | None = None,
        tooltip: str = "",
    ) -> None:
        super().__init__(id=id)
        self.label = label
        self.options = options
        self.tooltip = Content(tooltip) if tooltip else None

    @property
    def value(self) -> T:
        return self.options[self.index][0]

    def choose(self, value: T) -> None:
        """Take a value, if it is among the options."""
        for index, (one, _) in enumerate(self.options):
            if one == value:
                self.index = index

    def render(self) -> Content:
        label = Content.styled(f"{self.label} ", self.get_visual_style("choice--label"))
        words = f"\u2039 {self.options[self.index][1]} \u203a"
        return label + Content.styled(words, self.get_visual_style("choice--value"))

    def watch_index(self, before: int, after: int) -> None:
        if before != after:
            self.post_message(self.Changed(self))  # type: ignore[arg-type]

    def action_step(self, by: int) -> None:
        self.index = (self.index + by) % len(self.options)

    def on_click(self, event: Click) -> None:
        self.press()

    def press(self) -> None:
        """What a click does."""
        self.action_step(1)
