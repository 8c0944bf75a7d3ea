"""The routes of accounts: who there is, what they were granted, who is away."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from sluiceway.api.requests import AccountRequest, AwayRequest, GrantRequest, NoRequest, PasswordRequest
from sluiceway.domain.people.model import Principal
from sluiceway.services.accounts import AccountService, AccountView

_Accounts = NamedDependency[AccountService]
_By = NamedDependency[Principal]


class AccountRoutes(Controller):
    path = "/api/accounts"
    tags = ("accounts",)

    @get(sync_to_thread=True, summary="Every account by name, disabled ones too")
    def list_accounts(self, accounts: _Accounts, by: _By) -> list[AccountView]:
        return list(accounts.list(by))

    @post(sync_to_thread=True, status_code=HTTP_201_CREATED, summary="Make an account")
    def create_account(self, accounts: _Accounts, by: _By, data: JSONBody[AccountRequest]) -> AccountView:
        return accounts.create(
            data.name, data.password, by, title=data.title, contact=data.contact, admin=data.admin
        )

    @post(
        "/{name:str}/disable", sync_to_thread=True, status_code=HTTP_200_OK, summary="Let nobody in with it"
    )
    def disable_account(
        self,
        accounts: _Accounts,
        by: _By,
        name: FromPath[str],
        data: JSONBody[NoRequest],  # noqa: ARG002 -- a body that holds anything is refused
    ) -> AccountView:
        return accounts.disable(name, by)

    @post("/{name:str}/enable", sync_to_thread=True, status_code=HTTP_200_OK, summary="Let it in again")
    def enable_account(
        self,
        accounts: _Accounts,
        by: _By,
        name: FromPath[str],
        data: JSONBody[NoRequest],  # noqa: ARG002 -- a body that holds anything is refused
    ) -> AccountView:
        return accounts.enable(name, by)

    @post(
        "/{name:str}/password",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Replace its password; its sessions end",
    )
    def set_password(
        self, accounts: _Accounts, by: _By, name: FromPath[str], data: JSONBody[PasswordRequest]
    ) -> AccountView:
        return accounts.set_password(name, data.password, by, current=data.current)

    @post("/{name:str}/grant", sync_to_thread=True, status_code=HTTP_200_OK, summary="Grant it a role")
    def grant_role(
        self, accounts: _Accounts, by: _By, name: FromPath[str], data: JSONBody[GrantRequest]
    ) -> AccountView:
        return accounts.grant(name, data.role, data.service, by)

    @post("/{name:str}/revoke", sync_to_thread=True, status_code=HTTP_200_OK, summary="Take a role away")
    def revoke_role(
        self, accounts: _Accounts, by: _By, name: FromPath[str], data: JSONBody[GrantRequest]
    ) -> AccountView:
        return accounts.revoke(name, data.role, data.service, by)

    @post("/{name:str}/away", sync_to_thread=True, status_code=HTTP_200_OK, summary="Note an absence")
    def note_absence(
        self, accounts: _Accounts, by: _By, name: FromPath[str], data: JSONBody[AwayRequest]
    ) -> AccountView:
        return accounts.away(name, data.until, by, first=data.first, alternate=data.alternate)

    @post("/{name:str}/back", sync_to_thread=True, status_code=HTTP_200_OK, summary="End the absence")
    def end_absence(
        self,
        accounts: _Accounts,
        by: _By,
        name: FromPath[str],
        data: JSONBody[NoRequest],  # noqa: ARG002 -- a body that holds anything is refused
    ) -> AccountView:
        return accounts.back(name, by)
