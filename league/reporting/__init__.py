"""`report`: a run as one page for people, and its pictures."""

from league.reporting.writing import show_report_written, write_report

__all__ = ["show_report_written", "write_report"]
