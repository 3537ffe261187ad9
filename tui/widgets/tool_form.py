"""A tool, resource, prompt or method chosen, and its arguments filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Button

from flows.catalogue import Completion
from flows.mcp.offer import Offer
from flows.session import StepId
from tui.widgets.arguments_form import ArgumentsForm
from tui.widgets.offer_list import Lists, OfferList


class ToolForm(Vertical):
    """First the lists to choose from, then the form of one entry. Posts `Submitted`, and `Asked`
    for what is to be known on the way."""

    DEFAULT_CSS = """
    ToolForm {
        & > OfferList { height: 1fr; padding: 0 0 0 1; }
        & > ArgumentsForm { height: 1fr; padding: 0 0 0 1; display: none; }
        &.-filling > OfferList { display: none; }
        &.-filling > ArgumentsForm { display: block; }
    }
    """
    BINDING_GROUP_TITLE = "Tools"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,ctrl+g",
            "back",
            "Other tool",
            show=False,
            id="tool.back",
            tooltip="Back to the lists, and from there to the walk",
        ),
    ]

    @dataclass
    class Submitted(Message):
        """`values` are what the call step records."""

        values: Mapping[str, str]

    @dataclass
    class Asked(Message):
        """Something to be known before the form is filled in: `values` for the step."""

        step: StepId
        values: Mapping[str, str]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lists: Lists = {}
        self._completion: Completion | None = None

    def compose(self) -> ComposeResult:
        yield OfferList(id="tool-chooser")
        yield ArgumentsForm(id="tool-arguments")

    def on_mount(self) -> None:
        self._fill(None)

    @property
    def _form(self) -> ArgumentsForm:
        return self.query_one(ArgumentsForm)

    def show(
        self, lists: Lists, completion: Completion | None = None, *, completes: bool = False
    ) -> None:
        """Choose among `lists`; the same lists again change nothing. `completion` is the last one
        that came; `completes` says whether the server declares any."""
        self._form.completes = completes
        if lists.get("tools/list") != self._lists.get("tools/list"):
            self._form.forget()
            self._fill(None)
        self._lists = lists
        self.query_one(OfferList).show(lists)
        if completion is not None and completion is not self._completion:
            self._completion = completion
            self._form.show_values(completion)

    @on(OfferList.Wanted)
    def _wanted(self, event: OfferList.Wanted) -> None:
        event.stop()
        self.post_message(self.Asked("tools", {"list": event.method}))

    @on(OfferList.Chosen)
    async def _chosen(self, event: OfferList.Chosen) -> None:
        event.stop()
        self._fill(event.offer)
        await self._form.open(event.offer)

    @on(ArgumentsForm.Completes)
    def _completes(self, event: ArgumentsForm.Completes) -> None:
        event.stop()
        self.post_message(self.Asked("call", event.values))

    @on(ArgumentsForm.Submitted)
    def _submitted(self, event: ArgumentsForm.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(event.values))

    def _fill(self, offer: Offer | None) -> None:
        """Show the form of an offer, or with None the lists."""
        self._form.choose(offer)
        self.set_class(offer is not None, "-filling")
        # What is not on show must not take the focus.
        self.query_one(OfferList).disabled = offer is not None

    @on(Button.Pressed, "#tool-back")
    def _back(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_back()

    def action_back(self) -> None:
        if not self.has_class("-filling"):
            self.screen.set_focus(None)
        elif self._form.completing:
            self._form.close_values()
        else:
            self._fill(None)
            self.query_one("#tool-filter").focus()
