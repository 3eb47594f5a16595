-- Loses data: every row of questions is lost
DROP TABLE questions;
