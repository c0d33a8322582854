"""What a client of zenml 0.75 reads of tenants and organizations, once somebody has logged in.

Usage: earlier.py API ORGANIZATION
"""

import asyncio
import sys
from uuid import UUID

from zenml.login.pro.client import ZenMLProClient
from zenml.login.pro.tenant.models import TenantStatus

api, organization = sys.argv[1:]
client = ZenMLProClient(api)
tenants = client.tenant.list(limit=100, organization_id=UUID(organization), member_only=True)
ours = next(tenant for tenant in tenants if tenant.name == "reservoir-runs")
assert client.tenant.get(ours.id).status == TenantStatus.AVAILABLE
assert [it.id for it in client.tenant.list(tenant_name="reservoir-runs", status=TenantStatus.AVAILABLE)] == [ours.id]
assert client.tenant.list(tenant_name="none-such") == []
# A coroutine in that release, without a need.
organizations = asyncio.run(client.organization.list())
assert UUID(organization) in [it.id for it in organizations]
assert client.organization.get(UUID(organization)).name == ours.organization.name
print("content")
