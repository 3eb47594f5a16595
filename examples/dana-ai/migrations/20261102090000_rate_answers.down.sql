-- Loses data: every value of questions.rating is lost
ALTER TABLE questions DROP COLUMN rating;
