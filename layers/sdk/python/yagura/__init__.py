"""Yagura for the Lambda functions of product teams. Importing it loads nothing but the standard library."""

from yagura.delivery import Deployment, YaguraConfigError, deployment

__all__ = ["Deployment", "YaguraConfigError", "deployment"]
__version__ = "0.1.0"
