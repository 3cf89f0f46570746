"""What each level on each tool allows, in words (domain 1.2): for the company's own people, and for a vendor's."""

from directory.permissions import RUNGS, Level, Tool

OWN = {
    Tool.COMPANY_DIRECTORY: {
        Level.READ_ONLY: ["See people, vendors, levels and permission templates of the company"],
        Level.ADMIN: [
            "Enter people and vendors, change them and take them out",
            "Set the levels of everybody but themselves, and keep permission templates",
            "Ask the site owner to give somebody Can Push to Accounting",
        ],
    },
    Tool.ERP_INTEGRATIONS: {
        Level.READ_ONLY: ["See the queue, exports and reconciliation, and download files that are built"],
        Level.STANDARD: [
            "Upload Sage's lists and edit mappings",
            "Accept, reject, record the result of and void exports, but only with Can Push to Accounting",
        ],
        Level.ADMIN: ["Change settings and layouts, and see the accountant report"],
    },
    Tool.PROJECT_DIRECTORY: {
        Level.READ_ONLY: ["See who holds which level on this project"],
        Level.ADMIN: ["Set the levels of everybody but themselves on this project's tools"],
    },
    Tool.COMMITMENTS: {
        Level.READ_ONLY: ["See the commitments that are not private, and their invoices"],
        Level.STANDARD: ["Attach files to invoices", "Draft commitments"],
        Level.ADMIN: [
            "See private commitments too",
            "Keep commitments, change orders, contacts, billing periods and invites",
            "Review invoices, set retainage, approve, and bill on a subcontractor's behalf",
            "Send to ERP, retrieve and send again",
        ],
    },
}
VENDORS = {
    Tool.COMMITMENTS: {
        Level.READ_ONLY: [
            "See the commitments they are invoice contact of, and those bills",
            "Accept or decline an invite to bill",
        ],
        Level.STANDARD: [
            "Enter, send, revise and send again the bills of those commitments",
            "Ask for a retainage release, and attach files",
        ],
        Level.ADMIN: ["No more than Standard: only the company's own people administer"],
    }
}


def allowed(tool: Tool, level: Level, *, is_external: bool) -> list[str]:
    """Everything the level allows, the lower rungs' first."""
    words = (VENDORS if is_external else OWN).get(tool, {})
    return [sentence for rung in RUNGS if rung <= level for sentence in words.get(rung, [])]


def notes(tool: Tool, level: Level, *, is_external: bool) -> list[str]:
    """What else decides, beside the level (P-1, P-2)."""
    if tool is not Tool.COMMITMENTS or level is Level.NONE:
        return []
    if is_external:
        return ["Whatever the level, they see only commitments on which they are named as invoice contact."]
    if level is Level.ADMIN:
        return []
    return ["A private commitment they see only when they are on its access list."]
