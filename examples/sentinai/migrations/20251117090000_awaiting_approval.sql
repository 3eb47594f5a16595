-- Add 'awaiting_approval' to enum exception_status
ALTER TYPE exception_status ADD VALUE 'awaiting_approval' AFTER 'analyzing';
