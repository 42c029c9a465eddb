//! The screens as text and styles, at the two sizes they are designed for.
