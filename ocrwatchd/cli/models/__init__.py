"""The verb ``models``: download, list, find and remove language models."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "models", run, "download, list and remove language models", with_config=False)
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    pull = add_verb(actions, "pull", run, "download a model; interrupted downloads resume")
    pull.add_argument(
        "repository", nargs="?", metavar="REPOSITORY", help="default: the repository of the configuration"
    )
    pull.add_argument("--quantization", metavar="Q", help="int8, int4, fp16 or a GGUF quantisation")
    pull.add_argument("--file", metavar="NAME", help="download this file of the repository")
    pull.add_argument(
        "--if-fits", action="store_true", help="do not download a model that is too large for this machine's memory"
    )
    pull.add_argument("--json", action="store_true", help="print progress and result as lines of JSON")
    pull.add_argument("--parent", type=int, help=argparse.SUPPRESS)  # the process that it shall not outlive
    add_verb(actions, "list", run, "show the models on this machine: size, licence, whether they fit into memory")
    add_verb(actions, "path", run, "print the path of the configured model")
    remove = add_verb(actions, "remove", run, "remove models that ocrwatchd has downloaded")
    remove.add_argument(
        "names", nargs="+", metavar="NAME", help="a model as `ocrwatchd models list` shows it, or a repository"
    )


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=args.action != "pull" or args.json)
    from ocrwatchd.cli.models import manage

    if args.action == "list":
        return manage.show(config.llm)
    if args.action == "path":
        return manage.where(config.llm)
    if args.action == "remove":
        return manage.remove(args.names)
    if args.parent:
        from ocrwatchd.core.process import die_with

        die_with(args.parent)
    given = {
        "hugging_face_repo_id": args.repository,
        "hugging_face_quantization": args.quantization,
        "hugging_face_file_name": args.file if args.file or not (args.repository or args.quantization) else "",
    }
    llm = config.llm.model_copy(update={key: value for key, value in given.items() if value is not None})
    return manage.pull(llm, as_json=args.json, if_fits=args.if_fits)
