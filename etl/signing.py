"""Who signed the policy as it stands. What is looser than the last release is signed anew, or not published.

A signature is new if it was given since the last release: on the command line, or in the policy's file if no release
was made with that one.
"""

import json

from etl.vault import Vault
from hub.errors import ConfigurationError, GateError
from hub.policy import Policy

IN_FORCE = "in_force"  # setting of the vault: what the last release was made under
SIGNED_SINCE = "signed_since"  # setting of the vault: hash of the policy that was signed since then
CURE = 'if that is meant, sign it: cityglass publish --sign-off "NAME, ROLE"; else set it back; nothing was published'


def signed(vault: Vault, policy: Policy, sign_off: str) -> str:
    """Who signed this very policy: now, before, or in the file. Raises GateError if nobody has, or if it is looser than
    the last release and was not signed since."""
    sign_off = sign_off.strip()
    if sign_off:
        if not all(part.strip() for part in sign_off.partition(",")[::2]):
            raise ConfigurationError(f"--sign-off {sign_off!r} does not say who.", 'write "NAME, ROLE"')
        vault.set(f"signed:{policy.hash}", sign_off)
        vault.set(SIGNED_SINCE, policy.hash)
    by = sign_off or vault.setting(f"signed:{policy.hash}") or _in_file(policy)
    if not by:
        since = f": it was changed since {policy.was_signed_by} signed it" if policy.was_signed_by else ""
        raise GateError(
            f"The privacy policy {policy.told} is not signed{since}.",
            'read it, correct it, then publish with --sign-off "NAME, ROLE", or write `of: '
            f"{policy.digest}` into its `signed`; nothing was published",
        )
    _refuse_loosened(vault, policy)
    return by


def keep(vault: Vault, policy: Policy) -> None:
    """Note, with the release that is made, what it is made under."""
    then = _in_force(vault)
    used = {*then.get("used", ()), _signature(policy)} - {""}
    told = {"digest": policy.digest, "k": policy.k, "chosen": policy.chosen, "used": sorted(used)}
    vault.set(IN_FORCE, json.dumps(told))
    vault.set(SIGNED_SINCE, "")


def loosened(policy: Policy, then: dict) -> list[str]:
    """What of a policy is, or may be, looser than what was in force, in words."""
    told = [f"k of tier {tier} was {k} and is {policy.k[tier]}" for tier, k in then["k"].items() if policy.k[tier] < k]
    if policy.digest != then["digest"]:
        return [f"{policy.path} is another text than it was then, with an older signature", *told]
    was, now = then["chosen"], policy.chosen
    delay = "privacy.delay_days"
    if now.get(delay, 0) < was.get(delay, 0):
        told.append(f"{delay} was {was[delay]} and is {now.get(delay, 0)}")
    hidden = "privacy.columns"
    if shown := sorted({*was.get(hidden, ())} - {*now.get(hidden, ())}):
        told.append(f"{hidden} withheld {', '.join(shown)} and does not")
    for name in (name for name in was if name.endswith(".publish")):
        if name not in now:
            told.append(f"{name} named {len(was[name])} columns and names none, which is all")
        elif more := sorted({*now[name]} - {*was[name]}):
            told.append(f"{name} names also {', '.join(more)}")
    return told


def _refuse_loosened(vault: Vault, policy: Policy) -> None:
    then, signature = _in_force(vault), _signature(policy)
    is_new = vault.setting(SIGNED_SINCE) == policy.hash or (signature and signature not in then.get("used", ()))
    told = loosened(policy, then) if then and not is_new else []
    if told:
        raise GateError(
            f"More might be shown than the last release was allowed to: {'; '.join(told)}. Nobody has signed that since.",
            CURE,
        )


def _in_force(vault: Vault) -> dict:
    return json.loads(vault.setting(IN_FORCE, "{}"))


def _in_file(policy: Policy) -> str:
    return f"{policy.signed_by}, {policy.signed_on}" if policy.signed_by else ""


def _signature(policy: Policy) -> str:
    """The signature in the file, with what it is of."""
    return f"{_in_file(policy)}, {policy.digest}" if policy.signed_by else ""
