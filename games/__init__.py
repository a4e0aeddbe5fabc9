"""What is played: rules, adapters, game trees and equilibrium solvers."""
