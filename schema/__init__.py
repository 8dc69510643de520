"""The GraphQL schema: types that say where they live, reads compiled from them, mutations, live fields."""
