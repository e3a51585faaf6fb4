"""An HTTP API answers whoever calls its address, whichever account it belongs to.

The emulator takes the account of a call from its signature, and looks for the API in that account alone: an unsigned
call, such as a webhook's, finds only the APIs of the account 000000000000, and 404 otherwise. Evidence: API Gateway
Developer Guide, "Publish HTTP APIs": the address `{api_id}.execute-api.{region}.amazonaws.com` names the API, and a
route without an authorizer is open to everyone. A signed call is left as it is.
"""

from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import apigateway

_UNSIGNED = "000000000000"


def install() -> None:
    """Look for the API of an unsigned call in every account; ids are unique."""
    find_in_own_account = apigateway.find_api_scope

    def find(api_id: str) -> Any:
        found = find_in_own_account(api_id)
        if found is None and get_account_id() == _UNSIGNED:
            for account, region, key in dict(apigateway._apis.all_items()):
                if key == api_id:
                    return account, region
        return found

    apigateway.find_api_scope = find
