"""The command `danceit`: it prints the Snakemake command that it runs, runs it, and says where the result is."""
