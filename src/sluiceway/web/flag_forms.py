"""The dialog that takes a segment away; whether it can be is the API's to say."""

from __future__ import annotations

from urllib.parse import quote

from sluiceway.services.flag_views import SegmentView
from sluiceway.web.acts import Tone
from sluiceway.web.forms import Form, reason


def delete_form(service: str, one: SegmentView) -> Form:
    """Return the dialog that takes a segment away in one environment."""
    where, segment = (quote(part, safe="") for part in (service, one.id))
    used = f"It is used by {', '.join(one.used_by)}: take it out there first." if one.used_by else ""
    return Form(
        key=f"delete-{one.environment}-{one.id}",
        url=f"/flag-segments/{where}/{segment}/delete",
        label="Delete",
        title=f"Delete the segment {one.id} in {one.environment}?",
        consequences=(used or "No flag uses it there. Undoing brings it back.",),
        confirm="Delete",
        tone=Tone.BACK,
        fields=(reason(is_needed=False),),
        fixed=(("environment", one.environment),),
    )
