"""The sections of a report as tests read them."""

from ceteris.report.blocks import Bullets, Paragraph, VariationSummary, walk
from ceteris.report.table import Table


def blocks_of(sections, kind):
    """Give all blocks of a kind, in the order of reading."""
    return [block for section in sections for block in walk(section.blocks) if isinstance(block, kind)]


def tables_of(sections):
    """Give all tables by their names."""
    return {table.name: table for table in blocks_of(sections, Table)}


def sentences_of(sections, anchor):
    """Give the sentences and paragraphs of one section, none if it is not there."""
    chosen = [section for section in sections if section.anchor == anchor]
    found = []
    for block in blocks_of(chosen, (Bullets, Paragraph, VariationSummary)):
        found += [block.text] if isinstance(block, Paragraph) else block.sentences
    return tuple(found)
