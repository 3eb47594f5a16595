-- Loses data: every row of notes is lost
DROP TABLE notes;
