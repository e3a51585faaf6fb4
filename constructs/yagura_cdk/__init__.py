"""Yagura for the CDK apps of product teams."""

from yagura_cdk.delivery_tags import DeliveryTags

__all__ = ["DeliveryTags"]
__version__ = "0.1.0"
