"""Run the command line with `python -m mlops_ci`."""

from mlops_ci.cli.main import main

if __name__ == "__main__":
    main()
